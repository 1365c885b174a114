export type { Bindings, Container, ContainerOptions } from "../config/di-container.js"
export { createContainer } from "../config/di-container.js"
export { DI_TOKENS } from "../config/di-tokens.js"
