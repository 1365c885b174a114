/** Seeds under which the simulation once found a mistake of the library, which was corrected. They are run first. */
export const REGRESSION_SEEDS: readonly number[] = [
  // A creation whose reply was lost was begun anew when its second copy came too late, and brought a session back that had made room meanwhile.
  20265636,
  // A touch that was asked for after its read's deadline failed without anybody to hear of it: such a rejection ends a process.
  415659306,
  // A creation was told that the house was full by its second copy, before the server read the first, which then found room.
  415659902,
  // The first copy of a guest's creation was read after the sign-out of what the second had opened, and brought that session back.
  415664223,
  // A client sent an update again that had been made, to a server that had lost the script by then, and the deadline passed: told as not made.
  800005311,
]
