package io.coatcheck.session.redis;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Reads from a server which commands its clients send. Commands that scripts run are left out. */
final class MonitoredCommands implements AutoCloseable {

  private final Socket monitor;
  private final Socket marker;
  private final BufferedReader lines;
  private final BufferedReader answers;
  private int marks;

  MonitoredCommands(int port) throws IOException {
    monitor = new Socket(InetAddress.getLoopbackAddress(), port);
    marker = new Socket(InetAddress.getLoopbackAddress(), port);
    monitor.setSoTimeout(60_000);
    marker.setSoTimeout(60_000);
    lines = new BufferedReader(new InputStreamReader(monitor.getInputStream(), ISO_8859_1));
    answers = new BufferedReader(new InputStreamReader(marker.getInputStream(), ISO_8859_1));
    monitor.getOutputStream().write("MONITOR\r\n".getBytes(ISO_8859_1));
    lines.readLine();
  }

  /** Returns the names of the commands that were sent since the last call, in lower case. */
  List<String> sent() throws IOException {
    String mark = "mark-" + marks++;
    marker.getOutputStream().write(("ECHO " + mark + "\r\n").getBytes(ISO_8859_1));
    answers.readLine();
    List<String> names = new ArrayList<>();
    while (true) {
      String line = lines.readLine();
      if (line == null) {
        throw new IOException("the server has ended the monitoring");
      }
      if (line.contains("\"ECHO\" \"" + mark + "\"")) {
        return names;
      }
      // +1764408000.000001 [0 127.0.0.1:50000] "EVALSHA" ..., or [0 lua] for a script's.
      if (!line.contains("[0 lua] ")) {
        names.add(line.replaceAll("^[^\"]*\"([^\"]*)\".*$", "$1").toLowerCase(Locale.ROOT));
      }
    }
  }

  @Override
  public void close() throws IOException {
    marker.close();
    monitor.close();
  }
}
