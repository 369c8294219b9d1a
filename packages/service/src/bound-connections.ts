/** A bound on a server's connections that lets newcomers in. */
import type { Server } from "node:net";

/** At most `most` at a time: the oldest makes room, so that whoever holds many open keeps no probe out. */
export function boundConnections(server: Server, most: number): void {
  const open = new Set<{ destroy(): unknown }>();
  server.on("connection", (socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
    if (open.size <= most) return;
    const [oldest] = open;
    oldest?.destroy();
  });
}
