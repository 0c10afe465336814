import { HttpModule, HttpService } from '@nestjs/axios';
import { Dependencies, type DynamicModule, Module, type OnApplicationShutdown } from '@nestjs/common';
import { bearer, Session } from 'axios-bearer';
import { apiVideo } from 'axios-bearer/api-video';

/** Import it where `HttpService` is wanted: whatever goes out through it is signed in. */
@Module({})
@Dependencies(Session)
export class ApiModule implements OnApplicationShutdown {
  constructor(private readonly session: Session) {}

  static register(options: { baseURL: string; apiKey: string }): DynamicModule {
    const session = {
      provide: Session,
      inject: [HttpService],
      useFactory: (http: HttpService) => bearer(http.axiosRef, { source: apiVideo(options) }),
    };
    const http = HttpModule.register({ baseURL: options.baseURL });
    return { module: ApiModule, imports: [http], providers: [session], exports: [HttpModule, Session] };
  }

  onApplicationShutdown(): void {
    this.session.close();
  }
}
