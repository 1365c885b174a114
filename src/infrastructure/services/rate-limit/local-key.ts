import type { Place } from "./rate-limit-store.js"
import { subjectName } from "./subjects.js"

/** Characters of a subject that is kept as it is. */
const LONGEST_PLAIN = 64

/** Names a place within this process. A hash takes longer than all the rest of a decision, so it is made only of what is long: nobody fills the memory with names. */
export function localKey({ subject, rule }: Place): string {
  return `${rule.name}\0${subject.length > LONGEST_PLAIN ? subjectName(subject) : subject}`
}
