import type { View } from './view.ts'

/** Shows nothing, for an output that nobody can see: so nothing has to be told. */
export function createNoView(): View {
  return { wants: () => false, render: () => undefined }
}
