export { type NodeDoor, nodeDoor } from "../doors/node.js"
