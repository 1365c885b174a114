// Connects to a URL, in a process of its own, because NODE_EXTRA_CA_CERTS is read at its start. With "stay" it asks until its input ends.
const [, , url, clientPackage, stay] = process.argv
const { connectRedis } = await import("../../../dist/infrastructure/redis/clients/connect.js")

try {
  const redis = await connectRedis(url, { timeoutMs: 3_000, clientPackage })
  await redis.ping()
  let asked = 1
  let failed = 0
  if (stay) {
    let isOver = false
    process.stdin.on("end", () => {
      isOver = true
    })
    process.stdin.resume()
    console.log("connected")
    while (!isOver) {
      await redis.ping().catch(() => failed++)
      asked++
    }
  }
  await redis.close()
  console.log(JSON.stringify({ asked, failed }))
} catch (error) {
  console.log(JSON.stringify({ code: error.code, message: error.message }))
}
process.exit()
