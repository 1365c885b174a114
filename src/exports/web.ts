export { type WebDoor, type WebDoorOptions, webDoor } from "../doors/web.js"
