export { type WebSocketDoor, type WebSocketDoorOptions, webSocketDoor } from "../doors/websocket.js"
