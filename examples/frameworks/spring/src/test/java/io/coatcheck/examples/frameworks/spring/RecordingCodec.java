package io.coatcheck.examples.frameworks.spring;

import io.coatcheck.session.codec.AttributeCodec;
import io.coatcheck.session.codec.JavaSerializationCodec;
import io.coatcheck.session.testkit.AllowListRecorder;
import java.util.Set;

/** Records which classes one flow after the other stores, beyond the value types of the JDK. */
final class RecordingCodec implements AttributeCodec {

  private volatile AllowListRecorder recorder = recorder();

  private static AllowListRecorder recorder() {
    return AllowListRecorder.of(JavaSerializationCodec.builder());
  }

  /** Starts again; sessions that exist can no longer be read. */
  void forget() {
    recorder = recorder();
  }

  Set<String> missing() {
    return recorder.missing();
  }

  @Override
  public byte[] encode(Object value) {
    return recorder.encode(value);
  }

  @Override
  public Object decode(byte[] bytes) {
    return recorder.decode(bytes);
  }

  @Override
  public boolean isImmutable(Object value) {
    return recorder.isImmutable(value);
  }
}
