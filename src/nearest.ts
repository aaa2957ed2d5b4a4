/** The word that differs least from a mistyped one; undefined where none is near. */
export function nearest(word: string, words: readonly string[]): string | undefined {
  let best: string | undefined
  let least = word.length < 4 ? 2 : 3
  for (const candidate of words) {
    const isBeginning = candidate.startsWith(word) && word !== ''
    // A difference in length alone is as many edits: a word without end is not looked at.
    if (!isBeginning && Math.abs(word.length - candidate.length) >= least) continue
    const distance = isBeginning ? 0.5 : editDistance(word, candidate)
    if (distance < least) [best, least] = [candidate, distance]
  }
  return best
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replace = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replace, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
