export { CoatcheckLimiter, type LimiterLimits, type LimiterResult } from "../drop-in/rate-limiter-flexible.js"
