import { expect, it } from "vitest"
import { targetsSomeCaches } from "../../../web/targeted-caches.js"

it.each([
  "cdn-cache-control",
  "cloudflare-cdn-cache-control",
  "vercel-cdn-cache-control",
  "netlify-cdn-cache-control",
  "x-litespeed-cache-control",
  "surrogate-control",
  "edge-control",
  "x-accel-expires",
])("%s tells some caches alone what to keep", (name) => {
  expect(targetsSomeCaches(name)).toBe(true)
})

it.each(["cache-control", "access-control-allow-origin", "expires", "vary", "set-cookie", "x-accel-buffering", "flow-control"])("%s does not", (name) => {
  expect(targetsSomeCaches(name)).toBe(false)
})
