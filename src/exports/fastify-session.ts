export type { StoreUrl } from "../config/options.js"
export { CoatcheckStore, type CoatcheckStoreOptions } from "../drop-in/fastify-session.js"
