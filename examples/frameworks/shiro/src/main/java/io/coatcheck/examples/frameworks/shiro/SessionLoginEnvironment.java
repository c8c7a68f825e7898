package io.coatcheck.examples.frameworks.shiro;

import org.apache.shiro.config.Ini;
import org.apache.shiro.web.env.IniWebEnvironment;

/** Reads {@code shiro-session-login.ini} beside {@code shiro.ini}. */
public final class SessionLoginEnvironment extends IniWebEnvironment {

  @Override
  protected Ini getFrameworkIni() {
    return Ini.fromResourcePath("classpath:shiro-session-login.ini");
  }
}
