import { installPeers } from './peers.ts'

/** Runs once before the interop tests. */
export default function setup(): void {
  installPeers()
}
