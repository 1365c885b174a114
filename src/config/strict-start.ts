import { SessionError } from "../domain/errors.js"
import type { DoctorFinding, OwnedSessionService } from "../domain/interfaces/session/ISessionService.js"

/**
 * Refuses a store that does not keep the library's promises, and then closes the service.
 *
 * @throws ERR_CONFIG_INVALID that lists each problem and its remedy · ERR_STORE_… when the store does not answer
 */
export async function refuseUnfit<S extends Pick<OwnedSessionService<object, object>, "doctor" | "close">>(service: S): Promise<S> {
  try {
    const { findings } = await service.doctor()
    const problems = findings.filter(({ level }) => level === "problem")
    if (problems.length === 0) return service
    throw new SessionError("ERR_CONFIG_INVALID", `Expected a store without problems, because of strict, got ${problems.map(inWords).join(" ")}`, {
      option: "strict",
    })
  } catch (error) {
    await service.close()
    throw error
  }
}

function inWords({ check, found, remedy, node }: DoctorFinding): string {
  return `${check}${node === undefined ? "" : ` (${node})`}: ${found}. ${remedy ?? ""}`
}
