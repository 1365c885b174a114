import { judgeClock, judgePermissions, judgeVersion } from "./doctor-access-rules.js"
import type { Judged, NodeAnswers, Reach } from "./doctor-answers.js"
import { judgeEviction, judgeMemory, judgePersistence, judgeSaving } from "./doctor-data-rules.js"
import { judgeCluster, judgeReplicas, judgeRole } from "./doctor-topology-rules.js"

/** All findings about one server. */
export function judgeNode(answers: NodeAnswers, reach: Reach): readonly Judged[] {
  const { info, config, clock, denied } = answers
  return [
    judgeVersion(info),
    judgeEviction(info),
    judgeMemory(info),
    judgePersistence(info, config),
    judgeSaving(info),
    judgeRole(info),
    judgeReplicas(info, config, reach),
    judgeClock(clock),
    judgePermissions(denied),
    judgeCluster(info, answers.cluster, reach),
  ]
}
