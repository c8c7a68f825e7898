package io.coatcheck.session.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.testkit.SessionStoreContract;
import io.coatcheck.session.token.SessionId;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;

/**
 * Sessions on a Redis Cluster: spread over its nodes, or all on one, as the system property {@code
 * coatcheck.test.buckets} says.
 */
@Tag("wide")
class RedisClusterContractTest extends SessionStoreContract {

  private static final int BUCKETS = Integer.getInteger("coatcheck.test.buckets", 3);

  private static TestCluster cluster;
  private static int tests;

  private final String prefix = "spread-" + tests++;

  @BeforeAll
  static void startCluster() {
    cluster = new TestCluster();
  }

  @AfterAll
  static void stopCluster() {
    cluster.close();
  }

  @Override
  protected SessionStore createStore() {
    cluster.start();
    return node();
  }

  /** The tests wait for what the feed reports. */
  private SessionStore node() {
    return cluster.store(prefix).buckets(BUCKETS).changeFeedInterval(Duration.ofMillis(20)).build();
  }

  @Override
  protected SessionStore createOtherNode(SessionStore store) {
    return node();
  }

  @Override
  protected void breakBackend() {
    cluster.stop();
  }

  private String bucket(int number) {
    return BUCKETS == 1 ? prefix : Keys.prefixOfBucket(prefix, number);
  }

  private String bucket(SessionId id) {
    return bucket((int) Long.remainderUnsigned(id.leastSignificantBits(), BUCKETS));
  }

  @Override
  protected void assertEmpty() {
    List<byte[]> ofNoSession = new ArrayList<>();
    for (int i = 0; i < BUCKETS; i++) {
      ofNoSession.add(new Keys(bucket(i)).changes());
    }
    if (BUCKETS > 1) {
      ofNoSession.add(new Keys(bucket(0)).buckets());
    }
    assertThat(cluster.keys("{" + prefix + "[/}]*"))
        .containsExactlyInAnyOrderElementsOf(ofNoSession);
  }

  @Override
  protected void forgetChanges() {
    for (int i = 0; i < BUCKETS; i++) {
      byte[] log = new Keys(bucket(i)).changes();
      cluster.run(bucket(i), commands -> commands.del(log));
    }
  }

  @Override
  protected void overwrite(SessionId id, byte[] bytes) {
    byte[] key = new Keys(bucket(id)).record(id);
    cluster.run(
        bucket(id),
        commands -> {
          byte[] record = commands.get(key);
          int begin = SessionRecord.HEAD + ByteBuffer.wrap(record).getShort(SessionRecord.HEAD - 2);
          byte[] damaged =
              ByteBuffer.allocate(begin + bytes.length).put(record, 0, begin).put(bytes).array();
          return commands.set(key, damaged);
        });
  }
}
