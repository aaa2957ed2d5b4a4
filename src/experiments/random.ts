import { createHash } from 'node:crypto'

/** Whole numbers that a seed decides. */
export interface Random {
  /** From 0 to one less than the limit. */
  below(limit: number): number
  /** So many bytes. */
  bytes(count: number): Uint8Array
}

/** One past the largest seed. */
export const seedLimit = 2 ** 32

/** The same seed gives the same numbers on every machine and version of Node. */
export function createRandom(seed: number): Random {
  let drawn = 0
  const block = (): Buffer => {
    drawn += 1
    return createHash('sha256').update(`${seed}/${drawn}`).digest()
  }
  return {
    below: (limit) => block().readUInt32BE() % limit,
    bytes(count) {
      const blocks = Array.from({ length: Math.ceil(count / blockSize) }, block)
      return Uint8Array.from(Buffer.concat(blocks).subarray(0, count))
    },
  }
}

/** Bytes of one hash. */
const blockSize = 32

/** So many different items of the list, in a random order. */
export function draw<Item>(random: Random, items: readonly Item[], count: number): readonly Item[] {
  const left = [...items]
  return Array.from({ length: count }, () => left.splice(random.below(left.length), 1)).flat()
}

/** Short words, pleasant to look at: 3 to 6 letters, and all of them ASCII. */
export const shortWords: readonly string[] = [
  ...['ant', 'bee', 'elm', 'fig', 'fox', 'hen', 'ivy', 'oak', 'owl', 'rye', 'sea', 'yew'],
  ...['bear', 'clay', 'crab', 'dune', 'fern', 'lark', 'lime', 'moon', 'moss', 'pine', 'plum', 'wren'],
  ...['aspen', 'beech', 'cedar', 'cloud', 'eagle', 'goose', 'grape', 'heron', 'maple', 'olive', 'otter'],
  ...['pearl', 'robin', 'stone', 'tiger', 'trout', 'whale', 'badger', 'canyon', 'cherry', 'falcon'],
  ...['garnet', 'island', 'jaguar', 'lagoon', 'meadow', 'orchid', 'pebble', 'rabbit', 'salmon', 'walnut'],
]
