/** Where the command line asks for help: prints it, and ends. */
export function offerHelp(text) {
  if (!process.argv.includes("--help") && !process.argv.includes("-h")) return
  console.log(text)
  process.exit(0)
}
