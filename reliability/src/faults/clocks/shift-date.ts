// The first import of a program: for whatever reads the time by Date, it is as many milliseconds later as the program's first argument says.
const shiftMs = Number(process.argv[2])
const TrueDate = Date

class ShiftedDate extends TrueDate {
  constructor(...parts: [] | ConstructorParameters<typeof Date>) {
    if (parts.length === 0) super(TrueDate.now() + shiftMs)
    else super(...parts)
  }

  static override now(): number {
    return TrueDate.now() + shiftMs
  }
}

globalThis.Date = ShiftedDate as DateConstructor
