/** User-data for tests of the lab: installs Node and keeps a little server running. */
import { port } from './account.ts'

/** Answers with the address that it is asked from; counts its starts and the runs of this script. */
export const server = `#!/bin/bash
set -euo pipefail
echo run >> /var/lib/runs
echo "booting $(hostname)"
until dnf install -y -q nodejs24 openssl; do sleep 0.1; done
mkdir -p /opt/tm
cat > /opt/tm/server.mjs <<'END'
import { appendFileSync } from 'node:fs'
import { createServer } from 'node:http'
appendFileSync('/var/lib/starts', 'start\\n')
console.log('it serves')
createServer(({ socket }, response) => response.end(socket.remoteAddress)).listen(${port}, '0.0.0.0')
END
cat > /etc/systemd/system/tm.service <<'END'
[Service]
Environment=WHO=lab
ExecStart=/usr/bin/node-24 /opt/tm/server.mjs
WorkingDirectory=/opt/tm
Restart=always
RestartSec=100ms
UMask=0077

[Install]
WantedBy=multi-user.target
END
systemctl daemon-reload
systemctl enable --now tm.service
echo 'is done' > /dev/console
`
