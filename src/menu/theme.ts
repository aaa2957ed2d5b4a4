import type { Palette } from '../views/palette.ts'

/** The house's colours for the questions of inquirer, which would choose its own. */
export function menuTheme(palette: Palette) {
  return {
    prefix: { idle: palette.sent('?'), done: palette.good('✔') },
    icon: { checked: palette.good('◉'), unchecked: '◯', cursor: '❯' },
    style: {
      answer: palette.sent,
      message: palette.strong,
      highlight: palette.sent,
      help: palette.faint,
      description: palette.faint,
      searchTerm: palette.sent,
      keysHelpTip: (keys: readonly (readonly [key: string, action: string])[]) =>
        keys.map(([key, action]) => `${key} ${palette.faint(action)}`).join(palette.faint(' • ')),
    },
  }
}

export type MenuTheme = ReturnType<typeof menuTheme>
