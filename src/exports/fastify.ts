export { type FastifyDoor, fastifyDoor } from "../doors/fastify.js"
