/**
 * Lets V8 find the methods of strings fast, in the whole process.
 *
 * Where any module declares `class … extends String`, as ioredis does for some of its replies, V8 lays `String.prototype` out as a dictionary, and from then on compiled code looks up each
 * `charCodeAt` by name: a read of a session takes half as much time again. V8 undoes that where an object that inherits from it is looked at in one of a few ways, which strings
 * themselves never are; this is the shortest of them. Nothing else is changed.
 */
export function quickenStrings(): void {
  for (const _ in Object.create(String.prototype) as object) break
}
