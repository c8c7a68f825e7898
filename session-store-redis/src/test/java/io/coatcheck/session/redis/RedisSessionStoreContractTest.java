package io.coatcheck.session.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.testkit.SessionStoreContract;
import io.coatcheck.session.token.SessionId;
import java.nio.ByteBuffer;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

class RedisSessionStoreContractTest extends SessionStoreContract {

  private static TestServer server;
  private static int tests;

  private final String prefix = "contract-" + tests++;

  @BeforeAll
  static void startServer() {
    server = new TestServer();
  }

  @AfterAll
  static void stopServer() {
    server.close();
  }

  @Override
  protected SessionStore createStore() {
    server.start();
    return node();
  }

  /** The tests wait for what the feed reports. */
  private SessionStore node() {
    return server.store(prefix).changeFeedInterval(Duration.ofMillis(20)).build();
  }

  @Override
  protected SessionStore createOtherNode(SessionStore store) {
    return node();
  }

  @Override
  protected void breakBackend() {
    server.stop();
  }

  @Override
  protected void restoreBackend() {
    server.start();
  }

  @Override
  protected void assertEmpty() {
    // The log of changes belongs to no session.
    assertThat(server.keys(prefix)).containsOnly(new Keys(prefix).changes());
  }

  @Override
  protected void forgetChanges() {
    server.run(commands -> commands.del(new Keys(prefix).changes()));
  }

  @Override
  protected void overwrite(SessionId id, byte[] bytes) {
    byte[] key = new Keys(prefix).record(id);
    server.run(
        commands -> {
          byte[] record = commands.get(key);
          int begin = SessionRecord.HEAD + ByteBuffer.wrap(record).getShort(SessionRecord.HEAD - 2);
          byte[] damaged =
              ByteBuffer.allocate(begin + bytes.length).put(record, 0, begin).put(bytes).array();
          return commands.set(key, damaged);
        });
  }
}
