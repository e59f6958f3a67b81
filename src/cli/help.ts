// The help texts, made from the same definitions that the parser reads.
import type { Flag } from './argv.ts'
import type { Command, FlagGroup } from './command.ts'

const indent = '  '
const gap = 2
const nameWidth = 34

export interface CommandSummary {
  readonly name: string
  readonly summary: string
}

/** The help of the program. */
export function programHelp(commands: readonly CommandSummary[], groups: readonly FlagGroup[]): string {
  return sections([
    ['', ['tsops: SOPS in TypeScript. Encrypts and decrypts the values of YAML, JSON, dotenv, INI and binary files.']],
    [
      'Usage',
      ['tsops [flags] COMMAND [flags] [FILE…]', 'tsops -e|-d|-r|--set VALUE [flags] FILE', 'tsops [flags] FILE'],
    ],
    ['Commands', commands.map(({ name, summary }) => row(name, summary))],
    ...groups.map(flagSection),
    [
      '',
      [
        'A FILE alone is edited. The flags of a command work without it, too: those of `encrypt` with -e, and so on.',
        '`tsops COMMAND --help` shows them. With TSOPS_LAYOUT=sops in the environment every file is printed as sops',
        'prints it, instead of keeping its layout.',
      ],
    ],
  ])
}

/** The help of one command. */
export function commandHelp(name: string, command: Command, groups: readonly FlagGroup[]): string {
  return sections([
    ['', [`tsops ${name}: ${command.about}`]],
    ['Usage', [`tsops ${name} ${command.usage}`]],
    ['Commands', (command.subcommands ?? []).map((each) => row(each.name, each.summary))],
    ...groups.map(flagSection),
  ])
}

type Section = readonly [title: string, lines: readonly string[]]

function sections(all: readonly Section[]): string {
  return all
    .filter(([, lines]) => lines.length > 0)
    .map(([title, lines]) => {
      if (title === '') return `${lines.join('\n')}\n`
      return `${title}:\n${lines.map((line) => `${indent}${line}\n`).join('')}`
    })
    .join('\n')
}

function flagSection({ title, flags }: FlagGroup): Section {
  return [title, flags.filter((flag) => flag.hidden !== true).map(flagRow)]
}

function flagRow(flag: Flag): string {
  const names = flag.names.map((name) => (name.length === 1 ? `-${name}` : `--${name}`)).join(', ')
  const value = flag.kind === 'bool' ? '' : valueOf(flag)
  return row(names + value, flag.env === undefined ? flag.help : `${flag.help} [$${flag.env}]`)
}

function valueOf({ value = 'VALUE', bare }: Flag): string {
  return bare === undefined ? ` ${value}` : `[=${value}]`
}

function row(name: string, text: string): string {
  if (name.length + gap > nameWidth) return `${name}\n${indent}${' '.repeat(nameWidth)}${text}`
  return name.padEnd(nameWidth) + text
}
