package io.coatcheck.session.servlet;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.CharBuffer;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;

/**
 * The container's writer. It saves the session before written content can reach the client. The
 * container still encodes the characters. Their bytes are counted here: exactly for the usual
 * encodings, as an upper bound for others.
 */
final class CommittingWriter extends PrintWriter {

  private final PrintWriter writer;

  CommittingWriter(CommitSave saving, PrintWriter writer, String encoding) {
    super(new Counting(saving, writer, encoding));
    this.writer = writer;
  }

  /** The container's writer does not throw. It reports its failures only here. */
  @Override
  public boolean checkError() {
    boolean failedHere = super.checkError();
    return writer.checkError() || failedHere;
  }

  private static final class Counting extends Writer {

    private final CommitSave saving;
    private final PrintWriter writer;
    private final boolean isUtf8;
    private final long bytesPerCharacter;

    Counting(CommitSave saving, PrintWriter writer, String encoding) {
      this.saving = saving;
      this.writer = writer;
      Charset charset = Charset.forName(encoding);
      isUtf8 = charset.equals(StandardCharsets.UTF_8);
      bytesPerCharacter =
          charset.canEncode() ? (long) Math.ceil(charset.newEncoder().maxBytesPerChar()) : 8;
    }

    private void beforeWrite(CharSequence text, int offset, int length) {
      if (!isUtf8) {
        beforeWrite(length * bytesPerCharacter, length);
        return;
      }
      long most = 0;
      int halves = 0;
      int end = offset + length;
      for (int i = offset; i < end; i++) {
        char character = text.charAt(i);
        if (!Character.isSurrogate(character)) {
          most += utf8Length(character);
        } else if (i + 1 < end && Character.isSurrogatePair(character, text.charAt(i + 1))) {
          most += 4;
          i++;
        } else {
          most += 3;
          halves++;
        }
      }
      // Half of a pair becomes a replacement of one to three bytes, or two of the pair's four.
      beforeWrite(most, most - 2L * halves);
    }

    private void beforeWrite(long most, long least) {
      if (saving.watch().beforeWrite(most, least)) {
        writer.flush();
      }
    }

    private static int utf8Length(char character) {
      return character < 0x80 ? 1 : character < 0x800 ? 2 : 3;
    }

    @Override
    public void write(int character) {
      long most = isUtf8 ? utf8Length((char) character) : bytesPerCharacter;
      beforeWrite(most, isUtf8 && !Character.isSurrogate((char) character) ? most : 1);
      writer.write(character);
    }

    @Override
    public void write(char[] characters, int offset, int length) {
      beforeWrite(CharBuffer.wrap(characters), offset, length);
      writer.write(characters, offset, length);
    }

    @Override
    public void write(String text, int offset, int length) {
      beforeWrite(text, offset, length);
      writer.write(text, offset, length);
    }

    @Override
    public void flush() throws IOException {
      saving.beforeCommit();
      writer.flush();
    }

    @Override
    public void close() throws IOException {
      saving.beforeCommit();
      writer.close();
    }
  }
}
