export { type ExpressDoor, expressDoor } from "../doors/express.js"
