export { CoatcheckStore, type StoredLimits } from "../drop-in/express-rate-limit.js"
