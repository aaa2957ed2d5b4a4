/** Those who wait until something is so. */
export class Lookout {
  #waiting: { isSo(): boolean; go(): void }[] = []
  #isOver = false

  /** Settles when it is so, or nothing will change any more. */
  async until(isSo: () => boolean): Promise<void> {
    if (this.#isOver || isSo()) return
    await new Promise<void>((go) => this.#waiting.push({ isSo, go }))
  }

  /** Something has changed: lets those go whose time has come. */
  look(): void {
    if (this.#waiting.length === 0) return
    const ready = this.#waiting.filter((one) => this.#isOver || one.isSo())
    if (ready.length === 0) return
    this.#waiting = this.#waiting.filter((one) => !ready.includes(one))
    for (const one of ready) one.go()
  }

  /** Nothing will change any more: nobody has to wait. */
  over(): void {
    this.#isOver = true
    this.look()
  }
}
