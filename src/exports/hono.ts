export { type HonoDoor, type HonoDoorOptions, honoDoor } from "../doors/hono.js"
