// Every statement on the table of sessions, once. Plain SQL, which PostgreSQL understands too but for the placeholders.
// A session that has ended counts as missing wherever `ends` is compared: it is there until its last millisecond, and that one included.

const OWN = "prefix = ? AND handle = ?"
const LISTED = "prefix = ? AND owner = ?"
// An expression, because SQLite would go through the index of all live sessions rather than through those of one user.
const LIVE = "ends + 0 >= ?"

export const BEGIN = "BEGIN IMMEDIATE"
export const COMMIT = "COMMIT"
export const ROLLBACK = "ROLLBACK"

/** prefix, handle, now */
export const FIND = `SELECT owner, record FROM sessions WHERE ${OWN} AND ends >= ?`
/** prefix, handle, owner, created, counted, ends, record */
export const INSERT = "INSERT INTO sessions (prefix, handle, owner, created, counted, ends, record) VALUES (?, ?, ?, ?, ?, ?, ?)"
/** ends, record, prefix, handle */
export const REPLACE = `UPDATE sessions SET ends = ?, record = ? WHERE ${OWN}`
/** prefix, handle */
export const DELETE = `DELETE FROM sessions WHERE ${OWN}`

/** prefix, prefix, now, how many */
export const DELETE_SOME_ENDED =
  "DELETE FROM sessions WHERE prefix = ? AND handle IN (SELECT handle FROM sessions WHERE prefix = ? AND ends < ? ORDER BY ends LIMIT ?)"
/** prefix, owner, now */
export const COUNTED = `SELECT handle FROM sessions WHERE ${LISTED} AND counted = 1 AND ${LIVE} ORDER BY created`
/** prefix, owner */
export const NEWEST = `SELECT max(created) AS created FROM sessions WHERE ${LISTED}`

/** prefix, owner, created before, now, how many */
export const PAGE = `SELECT handle, created, record FROM sessions WHERE ${LISTED} AND created < ? AND ${LIVE} ORDER BY created DESC LIMIT ?`
/** prefix, owner, created after, created up to, how many */
export const BATCH = `SELECT handle, created, ends FROM sessions WHERE ${LISTED} AND created > ? AND created <= ? ORDER BY created LIMIT ?`
/** prefix, owner, created after, created up to, the handle that stays (or an empty one) */
export const DELETE_BATCH = `DELETE FROM sessions WHERE ${LISTED} AND created > ? AND created <= ? AND handle <> ?`

/** prefix, handle after, how many */
export const SWEPT = "SELECT handle, ends, record FROM sessions WHERE prefix = ? AND handle > ? ORDER BY handle LIMIT ?"
/** prefix, handle after, handle up to, now */
export const DELETE_SWEPT = "DELETE FROM sessions WHERE prefix = ? AND handle > ? AND handle <= ? AND ends < ?"
/** prefix */
export const PROBE = "SELECT 1 AS here FROM sessions WHERE prefix = ? LIMIT 1"
