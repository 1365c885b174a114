/** A create that reaches the server later than this after it was sent does nothing, in milliseconds, however long its caller would wait. */
export const CREATE_WINDOW_MS = 2_000
/**
 * How old a member of a user's list has to be before it may leave the list, once its session is gone, in microseconds.
 * Until then it tells a late copy of its create that the session is over: the list is also the memory of what existed.
 */
export const LIST_MEMORY_MICROS: number = (CREATE_WINDOW_MS + 500) * 1_000
