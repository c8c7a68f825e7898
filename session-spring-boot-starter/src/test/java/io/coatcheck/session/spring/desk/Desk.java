package io.coatcheck.session.spring.desk;

import org.springframework.boot.autoconfigure.SpringBootApplication;

/** Logs users in and out in every way but the usual one. */
@SpringBootApplication
public class Desk {}
