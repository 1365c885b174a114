// The rules of the HTTP service. Its tests run the library as it is built, so a mutant here changes the service alone.
const TESTS = "service/src/__tests__"

export const SERVICE_MUTANTS = [
  {
    rule: "The HTTP service names the session that an impersonation came from",
    file: "service/src/routes/schemas.ts",
    from: "impersonatorSessionId: from.impersonatorSessionId,",
    to: "impersonatorSessionId: null,",
    tests: [`${TESTS}/session.test.ts`],
    only: "that an impersonation came from",
  },
]
