package io.coatcheck.session.servlet;

import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.WriteListener;
import java.io.IOException;
import java.nio.ByteBuffer;

/** The container's stream. It saves the session before written content can reach the client. */
final class CommittingOutputStream extends ServletOutputStream {

  private final CommitSave saving;
  private final ServletOutputStream out;

  /** Whether the application uses non-blocking writes; then it decides when to flush. */
  private boolean isNonBlocking;

  CommittingOutputStream(CommitSave saving, ServletOutputStream out) {
    this.saving = saving;
    this.out = out;
  }

  @Override
  public void write(int value) throws IOException {
    beforeWrite(1);
    out.write(value);
  }

  @Override
  public void write(byte[] bytes) throws IOException {
    write(bytes, 0, bytes.length);
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws IOException {
    beforeWrite(length);
    out.write(bytes, offset, length);
  }

  /** New in Servlet 6.1; never called on older containers. */
  @Override
  public void write(ByteBuffer buffer) throws IOException {
    beforeWrite(buffer.remaining());
    out.write(buffer);
  }

  private void beforeWrite(int length) throws IOException {
    if (saving.watch().beforeWrite(length, length) && !isNonBlocking) {
      out.flush();
    }
  }

  @Override
  public void flush() throws IOException {
    saving.beforeCommit();
    out.flush();
  }

  @Override
  public void close() throws IOException {
    saving.beforeCommit();
    out.close();
  }

  @Override
  public boolean isReady() {
    return out.isReady();
  }

  @Override
  public void setWriteListener(WriteListener listener) {
    out.setWriteListener(listener);
    isNonBlocking = true;
  }
}
