/** How columns share the width of the screen. */
import { ruleWidth } from './lines.ts'

/** Columns stand beside each other where each gets so many cells, else under each other. */
const leastColumn = 37

/** How many of so many columns stand beside each other. */
export function columnsPerRow(count: number, width: number): number {
  return Math.max(1, Math.min(count, Math.floor((width + ruleWidth) / (leastColumn + ruleWidth))))
}

/** The cells of each of so many columns, with rules between them. */
export function shareOf(count: number, width: number): number {
  return Math.floor((width - (count - 1) * ruleWidth) / count)
}

export function chunks<Item>(items: readonly Item[], size: number): readonly (readonly Item[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  )
}
