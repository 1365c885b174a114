/** What a process answers. */
export type Reply<Answer> = { readonly answer: Answer } | { readonly failed: string }

/** Answers each question of the program that started this process, and ends with it. */
export function answerParent<Question>(answer: (question: Question) => unknown): void {
  const reply = async (question: Question): Promise<Reply<unknown>> => {
    try {
      return { answer: await answer(question) }
    } catch (error) {
      return { failed: error instanceof Error ? error.message || error.name : String(error) }
    }
  }
  process.on("message", (question: Question) => void reply(question).then((one) => process.send?.(one)))
  process.on("disconnect", () => process.exit())
}
