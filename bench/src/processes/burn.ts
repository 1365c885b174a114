/** Keeps one core busy for as long as the program runs whose process id it is given. Started by `AwakeCores`. */
const parent = Number(process.argv[2])
/** Short, because among busy programs a loop that gives way gets three thousandths of a core. */
const SPELL_MS = 1

process.stdout.write("on\n")
// Not a timer's turns: a loop that waits lets its core halt.
while (process.ppid === parent) {
  const until = performance.now() + SPELL_MS
  while (performance.now() < until);
}
