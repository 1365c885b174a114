export { createSessionService } from "../config/create-session-service.js"
export type { SessionServiceOptions, Storable, StoreUrl } from "../config/options.js"
export type { Outcome, SessionErrorCode } from "../domain/errors.js"
export { SessionError } from "../domain/errors.js"
export type { Clock, EndReason, Logger, SessionEvent } from "../domain/interfaces/ports.js"
export type {
  CallOptions,
  Changes,
  CleanupOptions,
  CleanupReport,
  CreateSessionOptions,
  DeepReadonly,
  DeleteOptions,
  DeleteSessionOptions,
  Device,
  DoctorFinding,
  DoctorLevel,
  DoctorReport,
  IdleAge,
  IdText,
  ISessionService,
  IssuedSession,
  Json,
  OptionalKey,
  OwnedSessionService,
  Patch,
  RotateSessionOptions,
  SessionAttributes,
  SessionData,
  SessionId,
  SessionToken,
  ThoroughOptions,
  ThoroughProgress,
  TokenText,
  UpdateSessionOptions,
  UserId,
} from "../domain/interfaces/session/ISessionService.js"
export type { IoRedisLike, NodeRedisLike, RedisClientLike } from "../infrastructure/redis/clients/client-shapes.js"
export type { NearCacheOptions } from "../infrastructure/services/session/near-cache-settings.js"
export type { Duration } from "../shared/durations.js"
