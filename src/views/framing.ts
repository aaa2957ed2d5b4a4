import type { FrameEvent } from '../event.ts'
import { headerSizeOf } from '../wire/frame.ts'

/** What stands before a frame's payload, bytes: two, the longer forms of the length, and the key (RFC 6455 §5.2). */
export function framingOf({ lengthForm, mask }: Pick<FrameEvent, 'lengthForm' | 'mask'>): {
  readonly header: number
  readonly mask: number
} {
  return { header: headerSizeOf(lengthForm), mask: mask === undefined ? 0 : 4 }
}

/** All the bytes that a frame takes in the stream. */
export function frameBytes(frame: Pick<FrameEvent, 'lengthForm' | 'mask' | 'size'>): number {
  const { header, mask } = framingOf(frame)
  return header + mask + frame.size
}
