/** Whether this process says that it serves real users. The library's only look at the environment. */
export function isProduction(): boolean {
  // biome-ignore lint/style/noProcessEnv: an option meant for a developer's machine must be noticed where it was deployed by mistake
  return process.env.NODE_ENV === "production"
}
