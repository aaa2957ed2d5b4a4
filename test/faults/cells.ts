/** Which cells of what a view has written are a peer's own, and that no other one is changed. */
import assert from 'node:assert/strict'
import { Vt } from '../vt.ts'

/** The cells of everything, rows ended by a line feed; several spaces are one, since what stands beside moves. */
export function cellsOf(text: string): readonly string[] {
  const vt = new Vt({ columns: 1_000_000, isCooked: true }).write(text)
  assert.deepEqual([...new Set(vt.functions)], text === '' ? [] : ['LF'])
  const cells: string[] = []
  for (let row = 0; row < vt.screen.height; row++) {
    for (const cell of vt.screen.cells(row)) if (cell !== ' ' || cells.at(-1) !== ' ') cells.push(cell)
    cells.push('\n')
  }
  return cells
}

/** What stands around the runs of q. */
function frameOf(cells: readonly string[], size: number): readonly (readonly string[])[] {
  const frame: string[][] = [[]]
  for (let at = 0; at < cells.length; at++) {
    if (cells.slice(at, at + size).every((cell) => cell === 'q') && at + size <= cells.length) {
      frame.push([])
      at += size - 1
    } else frame.at(-1)?.push(cells[at] ?? '')
  }
  return frame
}

/** What stands within the frame. @throws AssertionError where another cell than those is changed */
export function within(cells: readonly string[], frame: readonly (readonly string[])[]): readonly string[] {
  const found: string[] = []
  let at = 0
  for (const [index, part] of frame.entries()) {
    const isLast = index === frame.length - 1
    let next = isLast ? Math.max(at, cells.length - part.length) : at
    const fits = (): boolean => part.every((cell, offset) => cells[next + offset] === cell)
    while (index > 0 && !isLast && next < cells.length && !fits()) next += 1
    assert.deepEqual(cells.slice(next, next + part.length), part, 'a cell that is not the payload’s own')
    if (index > 0) found.push(cells.slice(at, next).join(''))
    at = next + part.length
  }
  return found
}

const frames = new Map<string, readonly (readonly string[])[]>()

/** What a harmless payload of as many bytes leaves around itself. */
export function harmlessFrame(name: string, size: number, render: (bytes: Buffer) => string) {
  const key = `${name} ${size}`
  const known = frames.get(key) ?? frameOf(cellsOf(render(Buffer.alloc(size, 'q'))), size)
  frames.set(key, known)
  return known
}
