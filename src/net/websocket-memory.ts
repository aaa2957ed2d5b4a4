import { Arena } from '../wire/arena.ts'
import { slabSize } from '../wire/frame-writer.ts'
import { claimSimd } from '../wire/simd.ts'
import { leftovers } from './garbage.ts'
import { bulkReadSize, shareReads } from './receiver.ts'

/** So many writes may wait for their peers until masking is slower. */
const fastWrites = 4

/** Memory for the WebSockets of this process: what is read and what is written stands where masking is fast. */
export function createArena(): Arena {
  const reads = claimSimd(bulkReadSize)
  if (reads !== undefined) shareReads(reads)
  const arena = new Arena(leftovers)
  for (let count = 0; count < fastWrites; count += 1) {
    const slab = claimSimd(slabSize)
    if (slab !== undefined) arena.give(slab)
  }
  return arena
}
