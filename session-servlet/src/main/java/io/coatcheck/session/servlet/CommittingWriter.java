package io.coatcheck.session.servlet;

import java.io.PrintWriter;
import java.nio.CharBuffer;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The container's writer. It saves the session before written content can reach the client. The
 * container still encodes the characters. Their bytes are counted here: exactly for the usual
 * encodings, as an upper bound for others.
 *
 * <p>A save calls the application, so it must not happen under a lock. {@link PrintWriter} holds
 * one in each of its methods that write; all of these are overridden here. Like the containers' own
 * writers, it is for one thread at a time.
 */
final class CommittingWriter extends PrintWriter {

  private final CommitSave saving;
  private final PrintWriter writer;
  private final boolean isUtf8;
  private final long bytesPerCharacter;
  private volatile boolean isClosed;

  /** Whether something was written after the end. */
  private volatile boolean isUsedClosed;

  CommittingWriter(CommitSave saving, PrintWriter writer, String encoding) {
    super(writer);
    this.saving = saving;
    this.writer = writer;
    Charset charset = Charset.forName(encoding);
    isUtf8 = charset.equals(StandardCharsets.UTF_8);
    bytesPerCharacter =
        charset.canEncode() ? (long) Math.ceil(charset.newEncoder().maxBytesPerChar()) : 8;
  }

  // What is about to be written.

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

  // Writes. What is not here is passed to one of these by the superclass, without its lock.

  @Override
  public void write(int character) {
    if (isOpen()) {
      long most = isUtf8 ? utf8Length((char) character) : bytesPerCharacter;
      beforeWrite(most, isUtf8 && !Character.isSurrogate((char) character) ? most : 1);
      writer.write(character);
    }
  }

  @Override
  public void write(char[] characters, int offset, int length) {
    if (isOpen()) {
      beforeWrite(CharBuffer.wrap(characters), offset, length);
      writer.write(characters, offset, length);
    }
  }

  @Override
  public void write(String text, int offset, int length) {
    if (isOpen()) {
      beforeWrite(text, offset, length);
      writer.write(text, offset, length);
    }
  }

  /** Returns whether it is open, and records its use if not. */
  private boolean isOpen() {
    if (isClosed) {
      isUsedClosed = true;
    }
    return !isClosed;
  }

  // Lines.

  @Override
  public void println() {
    write(System.lineSeparator());
  }

  @Override
  public void println(boolean value) {
    print(value);
    println();
  }

  @Override
  public void println(char value) {
    print(value);
    println();
  }

  @Override
  public void println(int value) {
    print(value);
    println();
  }

  @Override
  public void println(long value) {
    print(value);
    println();
  }

  @Override
  public void println(float value) {
    print(value);
    println();
  }

  @Override
  public void println(double value) {
    print(value);
    println();
  }

  @Override
  public void println(char[] value) {
    print(value);
    println();
  }

  @Override
  public void println(@Nullable String value) {
    print(value);
    println();
  }

  @Override
  public void println(@Nullable Object value) {
    print(String.valueOf(value));
    println();
  }

  // Formats.

  @Override
  public PrintWriter format(String format, @Nullable Object... arguments) {
    write(String.format(Locale.getDefault(Locale.Category.FORMAT), format, arguments));
    return this;
  }

  @Override
  public PrintWriter format(@Nullable Locale locale, String format, @Nullable Object... arguments) {
    write(String.format(locale, format, arguments));
    return this;
  }

  // The end.

  @Override
  public void flush() {
    if (isOpen()) {
      saving.beforeCommit();
      writer.flush();
    }
  }

  @Override
  public void close() {
    if (!isClosed) {
      saving.beforeCommit();
      isClosed = true;
      writer.close();
    }
  }

  /** The container's writer does not throw. It reports its failures only here. */
  @Override
  public boolean checkError() {
    if (!isClosed) {
      flush();
    }
    return writer.checkError() || isUsedClosed;
  }
}
