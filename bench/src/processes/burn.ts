/** Keeps one core busy for as long as the program that started it runs. Loaded by `AwakeCores`. */
const parent = process.ppid
const SPELL_MS = 50

// Not a timer's turns: a loop that waits lets its core halt.
while (process.ppid === parent) {
  const until = performance.now() + SPELL_MS
  while (performance.now() < until);
}
