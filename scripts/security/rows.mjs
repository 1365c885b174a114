// The table of npm run security. A row: `id`, `text` in words of our own, and
// - `shown`: tests as [file, part of the full name], files as judge.mjs reads them,
// - `open`: what is missing, in words; beside tests, or alone where nothing is delivered yet,
// - `notOurs`: why it is not for this library to do.
import { ASVS_V3 } from "./rows/asvs-v3.mjs"
import { ASVS_V7 } from "./rows/asvs-v7.mjs"
import { ATTACKS } from "./rows/attacks.mjs"
import { NIST } from "./rows/nist.mjs"

export const SECTIONS = [ASVS_V7, ASVS_V3, NIST, ATTACKS]
