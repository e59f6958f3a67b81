// --user: this process itself becomes the user, before anything is made for the program, as sops does it. Node's own
// uid and gid for a child would leave it without the user's supplementary groups.
import { userInfo } from 'node:os'
import { CommandError } from '../exit-status.ts'
import { quoteGo } from '../quote.ts'
import { readUsers, type User } from '../users.ts'

type UserSwitching = typeof process & { readonly initgroups?: (user: string, extraGroup: number) => void }

/** Gives what the user's programs find in their environment. There is no way back. Throws CommandError. */
export function becomeUser(name: string): ReadonlyMap<string, string> {
  const { seteuid, initgroups, setgid, setuid }: UserSwitching = process
  if (seteuid === undefined || initgroups === undefined || setgid === undefined || setuid === undefined) {
    throw new CommandError(1, 'user switching not available on this system')
  }
  try {
    const user = findUser(name)
    // The groups first: afterwards there is no right to set them.
    initgroups(user.name, user.gid)
    setgid(user.gid)
    setuid(user.uid)
    checkSwitch(user)
    return new Map([['HOME', user.home], ...['USER', 'LOGNAME'].map((variable) => [variable, user.name] as const)])
  } catch (error) {
    throw error instanceof CommandError ? error : explainRefusal(error, name)
  }
}

function findUser(name: string): User {
  if (name.includes('\0')) throw unknownUser(name)
  return readUsers().find((user) => user.name === name) ?? askSystem(name)
}

// Users that stand in a directory service: only the system's own look-up knows them, and Node asks it for the effective
// user alone.
function askSystem(name: string): User {
  const before = process.geteuid?.() ?? 0
  process.seteuid?.(name)
  try {
    const { uid, gid, homedir } = userInfo()
    return { name, uid, gid, home: homedir }
  } finally {
    process.seteuid?.(before)
  }
}

function checkSwitch({ uid, gid }: User): void {
  const ids = [process.getuid?.(), process.geteuid?.()]
  const groups = [process.getgid?.(), process.getegid?.()]
  let back = false
  try {
    process.setuid?.(0)
    back = uid !== 0
  } catch {
    // As it must be.
  }
  if (back || ids.some((id) => id !== uid) || groups.some((id) => id !== gid)) {
    throw new CommandError(1, 'the system did not give up the rights of the user before')
  }
}

function explainRefusal(error: unknown, name: string): CommandError {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ERR_UNKNOWN_CREDENTIAL') return unknownUser(name)
  return new CommandError(1, `cannot become the user ${quoteGo(name)}: operation not permitted`, 'Only root can.')
}

function unknownUser(name: string): CommandError {
  return new CommandError(1, `user: unknown user ${name}`)
}
