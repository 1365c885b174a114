export type { StoreUrl } from "../config/options.js"
export { CoatcheckStore, type CoatcheckStoreOptions } from "../drop-in/express-session.js"
