package io.coatcheck.session.servlet;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.charset.Charset;

/**
 * The container's writer, with the session saved before what is written can reach the client. The
 * characters remain the container's to encode; here they count as the most bytes that they can
 * become.
 */
final class CommittingWriter extends PrintWriter {

  private final PrintWriter writer;

  CommittingWriter(SessionExchange exchange, PrintWriter writer, String encoding) {
    super(new Counting(exchange, writer, encoding));
    this.writer = writer;
  }

  /** The container's writer keeps its failures to itself. */
  @Override
  public boolean checkError() {
    boolean failedHere = super.checkError();
    return writer.checkError() || failedHere;
  }

  private static final class Counting extends Writer {

    private final SessionExchange exchange;
    private final PrintWriter writer;
    private final long bytesPerCharacter;

    Counting(SessionExchange exchange, PrintWriter writer, String encoding) {
      this.exchange = exchange;
      this.writer = writer;
      Charset charset = Charset.forName(encoding);
      bytesPerCharacter =
          charset.canEncode() ? (long) Math.ceil(charset.newEncoder().maxBytesPerChar()) : 8;
    }

    private void beforeWrite(int characters) {
      exchange.watch().beforeWrite(characters * bytesPerCharacter);
    }

    @Override
    public void write(int character) {
      beforeWrite(1);
      writer.write(character);
    }

    @Override
    public void write(char[] characters, int offset, int length) {
      beforeWrite(length);
      writer.write(characters, offset, length);
    }

    @Override
    public void write(String text, int offset, int length) {
      beforeWrite(length);
      writer.write(text, offset, length);
    }

    @Override
    public void flush() throws IOException {
      exchange.beforeCommit();
      writer.flush();
    }

    @Override
    public void close() throws IOException {
      exchange.beforeCommit();
      writer.close();
    }
  }
}
