/**
 * Copies of a store as files: how a backup is made, checked, and put in the place of a node's data.
 */

/** The identity of a backup. A node that was restored from it keeps it, too. */
export interface BackupInfo {
  /** UUID: no two backups have the same. */
  id: string
  cluster: string
  node: string
  /** Wall-clock milliseconds since the epoch. */
  at: number
}

export interface BackupContents extends BackupInfo {
  tasks: number
  succeeded: number
}

export interface Snapshots {
  /**
   * Writes a new file with everything that was answered before this call, and perhaps some of what
   * was not; leases in it may be those of a killed node. Other calls go on meanwhile. Throws
   * `storage_full` and leaves no file behind.
   */
  copyTo(file: string): Promise<void>
  /** Turns a fresh copy into a backup: adds its identity, removes what belongs to the cluster. */
  seal(file: string, from: Omit<BackupInfo, 'id'>): Promise<BackupInfo>
  /**
   * Checks the whole backup. Throws `damaged` if it is damaged, no backup, or made by a newer tm.
   */
  read(file: string): Promise<BackupContents>
  /** Moves this backup, which is on the store's disk, to where the next start begins with it. */
  stage(file: string): Promise<void>
}
