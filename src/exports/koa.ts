export { type KoaDoor, koaDoor } from "../doors/koa.js"
