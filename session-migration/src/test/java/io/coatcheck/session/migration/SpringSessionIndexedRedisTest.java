package io.coatcheck.session.migration;

import org.springframework.session.data.redis.RedisIndexedSessionRepository;

/** Old sessions in Redis, by the repository with an index, which keeps deleted hashes a while. */
class SpringSessionIndexedRedisTest extends SpringSessionRedisTest {

  @Override
  OldApplication<?> oldApplication() throws Exception {
    super.oldApplication();
    RedisIndexedSessionRepository sessions = new RedisIndexedSessionRepository(template());
    sessions.afterPropertiesSet();
    return new OldApplication<>(sessions);
  }
}
